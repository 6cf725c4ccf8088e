// How far a letter's HTML may be from a web page's, and why.
module.exports = {
  root: true,
  extends: ['html-validate:recommended'],
  rules: {
    // Gmail for other accounts and Outlook for Windows read style attributes alone.
    'no-inline-style': 'off',
    // Outlook for Windows sizes and colours tables by these attributes.
    'no-deprecated-attr': 'off',
    // Outlook for Windows is told a fixed width in conditional comments.
    'no-conditional-comment': 'off',
    // A letter's title is its subject, which inboxes cut where they like.
    'long-title': 'off',
    // Templates are written to be read; blanks at the ends of lines cost a few bytes.
    'no-trailing-whitespace': 'off',
  },
}
