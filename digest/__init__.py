"""A newsletter of the new research papers you would want to read, and why each was chosen.

The map, in the order in which the data flows:

    __main__       python -m digest
    addresses      addresses as people may see them                                         pure
    errors         the error tree
    wall           what a clock on a wall shows, and when                                   pure
    events         what a log may say: each event a record of its own                      pure
    pulse          that a service's loop turns, and when it does what next
    scrub          texts made fit for a log                                                pure
    latex          LaTeX accents and simple maths made readable; what comes in, cleaned    pure
    papers         Page, Paper, Sighting, identifiers, normal forms, same(), merge()       pure
    sources/       where papers come from: what to get, and how to read it                 pure
    answers        what a web server's answer means: statuses, bodies, Retry-After         pure
    robots         what a site's robots.txt lets us read                                   pure
    wire           one HTTP exchange, within limits                                        I/O
    hosts          web servers, politely: spacing, retries, what is down                   I/O
    saved          files and folders of saved pages                                        I/O
    mailfolder     the mails of some senders, from a Maildir or by IMAP                    I/O
    imap           one look into a folder of a mail server                                 I/O
    passwords      where the password for a mail server comes from                         I/O
    fetch          pages: redirects, robots.txt, secrets                                   I/O
    ping           the dead man's switch                                                   I/O
    recording      pages kept as they are fetched                                          I/O
    kept           pages given back: what was recorded, or a folder of saved pages         I/O
    resolve        papers without an identifier looked up by title                         pure
    known          what is known of a paper, and of which paper a listing is               pure
    seen           diff(): new, revised and known papers                                   pure
    parting        one paper taken apart into two                                          pure
    keywords/      the keyword language: text to Keyword; where it hits                    pure
    subscribers    Subscriber, cadence, who is due, candidates()                           pure
    schedule/      when it runs: lines to ticks; alone in knowing APScheduler              pure
    rank/          how well papers fit readers: one file per signal                        pure
    gist           one telling sentence, and texts with their hits marked                  pure
    prompt         what a model is asked about a paper, which answers are shown            pure
    letters        Letter, Item, Receipt: what one reader gets, as data                    pure
    missed         days without a letter since nobody looked                                pure
    items          a paper as a letter tells it                                            pure
    reading_time   how much of it can be read in three minutes                             pure
    compose        which papers are in a letter, and how its numbers add up                pure
    turns          when past letters are made again, and whose                             pure
    differences    what is in one letter and not in another                                pure
    explain        why a paper is in a letter, or is not                                   pure
    reach          how far a keyword reaches over the papers that were seen                pure
    messages       Message, Delivery, what a failure means, when to try again              pure
    pruning        what is left of old papers and letters                                  pure
    mail           a message as email                                                      pure
    alarms         what an operator should hear of, and its mails                          pure
    escape         texts and addresses made safe for each form of a letter                 pure
    links          where a paper can be read, and which place is best                      pure
    domains        what the DNS says of a sender's domain; alone in knowing dnspython      I/O
    gists          sentences that a model writes, within their time                        I/O
    render         Letter to HTML, text and Markdown; alone in knowing Jinja
    outputs/       sending: smtp, sendmail, directory, preview                             I/O
    store/         what is remembered between runs                                         I/O
    slips          what is wrong with a digest.toml, told to who edits it                  pure
    exposed        a small web server for those who watch a service                       I/O
    config         digest.toml as types
    archive        files in one file, with a manifest; a reader that is afraid of them
    sealing        archives sealed with a passphrase; alone in knowing pyrage
    keys           the secret key, and secrets of sources                                  I/O
    stopping       being told to stop, and stopping in time                                I/O
    pipeline/      the flow: collect, publish, send
    muted          runs whose letters nobody sees
    report         what a run did, as JSON
    checkpoint     the operator's command that copies the store elsewhere while letters are sent
    window         what a service shows to those who watch it                              I/O
    metrics        a service in figures; alone in knowing prometheus-client
    log            events as lines for people, programs or the journal; knows structlog
    stationery     what letters are written with: templates, addresses, Message-IDs
    app            the composition root: the one place where the parts meet
    watch          alarms looked for and told after each run; the dead man's switch told
    machine        the machine around it: Python, files, clock, DNS                        I/O
    runs           a run: steps taken by one process at a time, and remembered
    replay         past letters made again: as the config is now, or from kept pages
    questions      what is asked beside a run: why a paper was chosen, what a keyword finds
    demonstration  the built-in sample, rehearsed day by day
    corrections    papers that an operator merges or splits
    trial          today's letter sent to one reader, as a test
    backups        the store, the config, templates and keys in one file
    restores       a backup put back
    prunes         a store that has grown, pruned
    resend         letters that an operator sends again, or settles
    units          units of systemd as texts, filled in for one machine                    pure
    confinement    what of a config a hardened service cannot do
    install        units written where systemd looks for them, and taken away              I/O
    checks         what `digest check` tries
    doctor         what `digest doctor` looks at
    serve/         a service: the steps at their times, by runs that are processes of their own
    cli/           where the operator types: one file per command
    sample/        the built-in sample: three days of invented papers
"""

__version__ = "0.1.0"
