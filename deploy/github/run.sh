#!/usr/bin/env bash
# The newsletter on a machine that is gone after each run. Its state (the store, sealed) lives on a
# branch of its own. All that the workflow does is here, so that it can be tried anywhere.
#
#   run.sh restore   fetches the state and puts it back; the very first run begins without any
#   run.sh send      reads, writes and mails; saves the state before it sends, before each letter
#                    leaves, and at the end
#   run.sh save      saves the state
#   run.sh site      lays out the public archive, if the config has one
#
# It needs git, `digest` and the `python` of its environment on the PATH, and as variables:
#   DIGEST_TOML                the config; else the file digest.toml beside this script is taken
#   DIGEST_BACKUP_PASSPHRASE   seals the state: who loses it has lost the state
#   DIGEST_SECRET_KEY, DIGEST_SMTP_PASSWORD ...   the secrets that the config needs
#   GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_OUTPUT, RUNNER_TEMP   of a workflow
#   DIGEST_REMOTE              another repository than that one
set -euo pipefail
umask 077

self=$(realpath "${BASH_SOURCE[0]}")
folder=${RUNNER_TEMP:-${TMPDIR:-/tmp}}/digest
home=$folder/home         # the config and the store
known=$folder/known       # which commit the branch has, as far as this run knows; empty: none
archive=$folder/archive   # where the public archive lies; empty: the config has none
branch=refs/heads/state
started=refs/tags/digest-started
remote=${DIGEST_REMOTE:-${GITHUB_SERVER_URL:-https://github.com}/${GITHUB_REPOSITORY:-}}
export DIGEST_CONFIG=$home/digest.toml GIT_DIR=$folder/git GIT_INDEX_FILE=$folder/index
export GIT_TERMINAL_PROMPT=0 GIT_AUTHOR_NAME=digest GIT_AUTHOR_EMAIL=digest@localhost
export GIT_COMMITTER_NAME=digest GIT_COMMITTER_EMAIL=digest@localhost

die() {
  echo "run.sh: $*" >&2
  exit 3
}

# Git, as who may write. The token is in its environment: anybody can read a command line.
authorised() {
  if [ -z "${GITHUB_TOKEN:-}" ]; then
    git "$@"
  else
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.$remote.extraheader \
      GIT_CONFIG_VALUE_0="Authorization: Basic $(
        printf 'x-access-token:%s' "$GITHUB_TOKEN" | base64 -w 0
      )" git "$@"
  fi
}

# Prints the commit that a name has in the repository, or nothing if it has none. Whoever calls it
# must stop if it fails: that nobody answers does not mean that nothing is there.
commit_of() {
  local found
  found=$(authorised ls-remote "$remote" "$1") || die "$remote does not answer; run it again"
  printf '%s' "${found%%[[:space:]]*}"
}

restore() {
  local commit before
  [ -n "${DIGEST_BACKUP_PASSPHRASE:-}" ] ||
    die 'set the secret DIGEST_BACKUP_PASSPHRASE: the state is sealed with it'
  rm -rf "$folder"
  mkdir -p "$home"
  git init -q --bare "$GIT_DIR"
  configure
  commit=$(commit_of "$branch")
  before=$(commit_of "$started")
  if [ -n "$commit" ]; then
    put_back
  elif [ -n "$before" ]; then
    die 'letters went out from here, but the branch "state" that knows of them is gone. Nothing' \
      'is sent, or readers would get again what they have had. The README says what to do'
  else
    echo 'run.sh: there is no state yet; this is the first run'
    : >"$known"
  fi
}

configure() {
  local beside
  beside=$(dirname "$self")
  if [ -n "${DIGEST_TOML:-}" ]; then
    printf '%s\n' "$DIGEST_TOML" >"$DIGEST_CONFIG"
  elif [ -f "$beside/digest.toml" ]; then
    cp "$beside/digest.toml" "$DIGEST_CONFIG"
  else
    die 'set the secret DIGEST_TOML to the text of your digest.toml'
  fi
  if [ -d "$beside/templates" ]; then
    cp -R "$beside/templates" "$home"
  fi
  look_at_config
}

# Has the log show *** for who reads: in a public repository anybody may see it.
look_at_config() {
  python - "$DIGEST_CONFIG" "$archive" <<'PYTHON'
import sys
from pathlib import Path

from digest.config import load

config = load(Path(sys.argv[1]))
for text in {text for each in config.subscribers for text in (each.name, each.email) if text}:
    print("::add-mask::" + text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))
public = [each.path for each in config.outputs if getattr(each, "audience", "") == "public"]
if len(public) > 1:
    sys.exit("run.sh: digest.toml has two outputs with a public audience; one can be kept here")
Path(sys.argv[2]).write_text("".join(public), encoding="utf-8")
PYTHON
}

put_back() {
  local kept=$folder/kept place
  mkdir "$kept"
  authorised fetch -q --depth 1 "$remote" "$branch"
  git --work-tree="$kept" read-tree FETCH_HEAD
  git --work-tree="$kept" checkout-index -q --all
  [ -f "$kept/state.age" ] || die 'the branch "state" has no state.age; the README says what to do'
  digest restore --store-only "$kept/state.age"
  place=$(<"$archive")
  if [ -n "$place" ] && [ -d "$kept/archive" ]; then
    mkdir -p "$place"
    cp -R "$kept/archive/." "$place"
  fi
  git rev-parse FETCH_HEAD >"$known"
}

# GitHub tells this script alone to stop: by SIGINT, by SIGTERM after 7.5 seconds, and kills it 2.5
# seconds later. The program takes back what has not left, and has the state saved once more.
send() {
  local pid='' code=0
  # As SIGTERM, since what a shell runs in the background ignores SIGINT; and only once.
  trap 'trap "" INT TERM; [ -n "$pid" ] || exit 130; kill -TERM "$pid" || true' INT TERM
  rm -f "$folder/saved"
  : >"$folder/begun"
  digest once --checkpoint "bash '$self' save" &
  pid=$!
  wait "$pid" || code=$?
  while kill -0 "$pid" 2>/dev/null; do # The wait was over because of a signal.
    code=0
    wait "$pid" || code=$?
  done
  if [ "$code" = 0 ]; then
    : >"$folder/saved"
  fi
  exit "$code"
}

save() {
  [ -f "$known" ] || die 'no state was restored here, so none is saved'
  if [ ! -f "$folder/begun" ] || [ -f "$folder/saved" ]; then
    echo 'run.sh: nothing has changed since the state was saved'
    return
  fi
  local saving=$folder/saving place commit
  rm -rf "$saving" "$GIT_INDEX_FILE" "$GIT_INDEX_FILE.lock"
  mkdir "$saving"
  digest backup --encrypt "$saving/state.age"
  place=$(<"$archive")
  if [ -n "$place" ] && [ -d "$place" ]; then
    cp -R "$place" "$saving/archive"
  fi
  git --work-tree="$saving" -c core.autocrlf=false add --all --force
  # Without a parent: the branch has no history, and the repository does not grow.
  commit=$(git commit-tree "$(git write-tree)" -m 'Keep the state')
  push "$commit"
  printf '%s\n' "$commit" >"$known"
}

# Puts a commit on the branch if it is still as this run knows it: of two runs at a time one must
# stop before it sends. With the first commit goes a tag, which tells if the branch is ever lost.
push() {
  local before now try what=("$1:$branch")
  before=$(<"$known")
  if [ -z "$before" ]; then
    what+=("$(git commit-tree "$(git mktree </dev/null)" -m \
      'Letters went out from here; the branch "state" knows which'):$started")
  fi
  for try in 1 2 3; do
    if authorised push -q --atomic --force-with-lease="$branch:$before" "$remote" "${what[@]}"; then
      return
    fi
    now=$(commit_of "$branch")
    if [ "$now" = "$1" ]; then
      return # It arrived; the answer was lost.
    fi
    [ "$now" = "$before" ] ||
      die 'another run has saved its state since this one began; this one stops'
    sleep "$((try * ${DIGEST_PAUSE:-3}))"
  done
  die "$remote does not take the state"
}

site() {
  local place
  place=$(<"$archive")
  if [ -z "$place" ] || [ ! -f "$place/index.html" ]; then
    return
  fi
  rm -rf "$folder/site"
  cp -R "$place" "$folder/site"
  chmod -R u=rwX,go=rX "$folder/site"
  echo "path=$folder/site" >>"${GITHUB_OUTPUT:-/dev/stdout}"
}

case ${1:-} in
  restore | send | save | site) "$1" ;;
  *) die 'which step: restore, send, save or site?' ;;
esac
