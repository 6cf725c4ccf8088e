// Checks HTML files: node check.mjs axe|width|valid|support FILE...
// Prints one problem a line and exits 1 if there is any.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)
const [kind, ...files] = process.argv.slice(2)

const CLIENTS = ['gmail.*', 'outlook.windows', 'yahoo.*', 'apple-mail.*']

// What a named client does not support, and why a letter has it all the same.
const ALLOWED = {
  '@media': 'dark colours and narrow margins; without them the letter is light, with wider margins',
  '<style> element': 'holds only what stands in @media; everything else is inlined',
  'color-scheme meta tag': 'asks for dark mode where that is known; elsewhere nothing is lost',
  'word-break': 'breaks a title that is one endless word; Yahoo shows it wider than the screen',
  'white-space': 'keeps a link on one line; Outlook breaks it in two, and it works all the same',
  '<body> element': 'Yahoo makes a <div> of it; the colour behind the letter is on a table, too',
}

const CHECKS = { axe, width, valid, support }

async function withPages(visit) {
  const { chromium } = require('playwright-core')
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  })
  const problems = []
  try {
    for (const file of files) {
      for (const colorScheme of ['light', 'dark']) {
        for (const width of [600, 360]) {
          const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
          await page.goto(pathToFileURL(file).href)
          const found = await visit(page)
          problems.push(...found.map((text) => `${file}, ${colorScheme}, ${width} px: ${text}`))
          await page.close()
        }
      }
    }
  } finally {
    await browser.close()
  }
  return problems
}

function axe() {
  const source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
  return withPages(async (page) => {
    await page.evaluate(source)
    const { violations } = await page.evaluate('axe.run()')
    return violations.map((each) => `${each.id}: ${each.help}: ${each.nodes[0].html}`)
  })
}

function width() {
  return withPages(async (page) => {
    const [inner, outer] = await page.evaluate(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    )
    return inner > outer ? [`scrolls sideways: ${inner} px in ${outer} px`] : []
  })
}

async function valid() {
  const { HtmlValidate } = await import('html-validate')
  const checker = new HtmlValidate(require('./htmlvalidate.cjs'))
  const problems = []
  for (const file of files) {
    const { results } = await checker.validateString(readFileSync(file, 'utf8'), file)
    for (const message of results.flatMap((each) => each.messages)) {
      problems.push(`${file}:${message.line}: ${message.ruleId}: ${message.message}`)
    }
  }
  return problems
}

async function support() {
  const { caniemail } = await import('caniemail')
  const problems = new Set()
  for (const file of files) {
    const { issues } = caniemail({ clients: CLIENTS, html: readFileSync(file, 'utf8') })
    for (const [client, found] of issues.errors.entries()) {
      for (const each of found.filter((one) => !(one.title in ALLOWED))) {
        problems.add(`${file}: ${each.title} is not supported by ${client}`)
      }
    }
  }
  return [...problems]
}

const problems = await CHECKS[kind]()
for (const problem of problems) console.log(problem)
process.exitCode = problems.length ? 1 : 0
