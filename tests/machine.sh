# A machine of its own for systemd and cron: namespaces, and on top of this machine's files a layer
# that is forgotten. Nothing of this machine is changed. See machine.py.
#
# machine.sh FOLDER CHECKOUT PYTHON VENV COMMAND...: COMMAND becomes process 1 there. What is in
# FOLDER/files is there; Python is mounted at /opt/python, the packages of the virtual environment are
# below /opt/digest, and the checkout is copied to /opt/checkout and takes the place of any other.
# The number of process 1, as it is outside, goes to the descriptor READY.
set -eu

if [ "$1" != inside ]; then
  folder=$1
  # A control group of its own, or the systemd inside would take this machine's for its own.
  mkdir -p "$folder/cgroup" "$folder/root"
  mount --make-rprivate /
  mount -t cgroup2 cgroup2 "$folder/cgroup"
  was=$(sed -n 's/^0:://p' /proc/self/cgroup)
  group=$folder/cgroup$was/digest-test-$$
  mkdir "$group"
  echo $$ >"$group/cgroup.procs"
  unshare --mount --pid --cgroup --ipc --uts --fork --kill-child bash "$0" inside "$@" &
  wait $! || true
  echo $$ >"$folder/cgroup$was/cgroup.procs"
  find "$group" -depth -type d -exec rmdir {} \;
  exit
fi

shift
folder=$1 checkout=$2 python=$3 venv=$4
shift 4
read -r pid _ </proc/self/stat

mount --make-rprivate /
layer=$folder/root
mount -t tmpfs -o mode=755 tmpfs "$layer"
mkdir "$layer/upper" "$layer/work" "$layer/merged"
chmod 755 "$layer/upper"
mount -t overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" overlay "$layer/merged"
new=$layer/merged
rm -rf "$new"/etc/systemd/system/* "$new"/etc/cron.*/* "$new/etc/crontab" "$new/etc/digest"
mount -t proc proc "$new/proc"
mount -t sysfs -o ro sysfs "$new/sys"
mount -t cgroup2 cgroup2 "$new/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$new/run"
mount -t tmpfs -o mode=1777 tmpfs "$new/tmp"
mount --rbind /dev "$new/dev"
mkdir -p "$new/opt/digest/lib" "$new/opt/python" "$new/opt/checkout" "$new/run/old"
mount --bind "$python" "$new/opt/python"
mkdir "$layer/lib" "$layer/libwork"
mount -t overlay -o "lowerdir=$venv/lib,upperdir=$layer/lib,workdir=$layer/libwork" overlay \
  "$new/opt/digest/lib"
cp -r "$checkout/digest" "$checkout/deploy" "$checkout/templates" "$new/opt/checkout"
chmod -R a+rX "$new/opt/checkout"
cp -r "$folder/files/." "$new/"
echo /opt/python/lib >"$new/etc/ld.so.conf.d/python.conf"
for packages in "$new"/opt/digest/lib/python3*/site-packages; do
  echo /opt/checkout >"$packages/0.pth"
done
cd "$new"
pivot_root . run/old
umount -l /run/old
mount --make-rshared / # As process 1 has it on a machine: credentials are mounted by it.
ldconfig
# The folder is out of sight now, but a pipe stays: it says that the machine is there.
echo "$pid" >&"$READY"
eval "exec $READY>&-"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=test "$@"
