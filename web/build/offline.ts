import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { build, type Plugin, type Rolldown } from 'vite'

interface Offline {
  /** The service worker's source, and the path it is served under. */
  source: string
  served: string
  /** The page it serves without a line, by its name in the build. */
  page: string
  /** Files of the public folder that the page names. */
  besides: readonly string[]
  /** Parts of the page that are not fetched before somebody wants them, by their names. */
  later?: RegExp
}

type Content = (name: string) => string | Uint8Array

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** Every file of a page: found by following the names that stand in the files, from the page on,
 * whether they are loaded at once or later; through those that come later only where `all`. */
function filesOf(wanted: Offline, names: readonly string[], content: Content, all: boolean): Set<string> {
  const found = new Set([wanted.page])
  for (const name of found) {
    const text = content(name).toString()
    for (const other of names) {
      if ((all || !wanted.later?.test(other)) && text.includes(other.slice('assets/'.length))) found.add(other)
    }
  }
  return found
}

/** The worker as one script. */
async function bundled(source: string): Promise<string> {
  const made = await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: source, formats: ['iife'], name: 'worker' },
    },
  })
  const [output] = [made].flat() as Rolldown.RolldownOutput[]
  const chunk = output?.output[0]
  if (!chunk) throw new Error(`${source} came to nothing`)
  return chunk.code
}

/** Writes a service worker that knows every file of one page. */
export function offline(wanted: Offline): Plugin {
  let publicFolder = ''
  return {
    name: `yiwang:offline ${wanted.served}`,
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      publicFolder = config.publicDir
    },
    generateBundle: {
      order: 'post',
      async handler(_options, bundle) {
        const content: Content = (name) => {
          const file = bundle[name]
          if (!file) throw new Error(`${name} is not in the build`)
          return file.type === 'chunk' ? file.code : file.source
        }
        const names = Object.keys(bundle).filter((name) => name.startsWith('assets/') && !name.endsWith('.map'))
        const found = filesOf(wanted, names, content, false)
        const later = [...filesOf(wanted, names, content, true)].filter((name) => !found.has(name)).sort()
        const there = new Set(readdirSync(publicFolder))
        const rows = [
          ...[...found].map((name) => [`/${name}`, name.startsWith('assets/') ? null : sha256(content(name))]),
          ...wanted.besides.map((name) => {
            if (!there.has(name)) throw new Error(`${name} is not in the public folder`)
            return [`/${name}`, sha256(readFileSync(join(publicFolder, name)))]
          }),
        ].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
        const code = await bundled(wanted.source)
        const version = sha256(JSON.stringify([rows, later]) + code).slice(0, 16)
        const head = [
          `const VERSION=${JSON.stringify(version)};const FILES=${JSON.stringify(rows)};`,
          `const LATER=${JSON.stringify(later.map((name) => `/${name}`))};\n`,
        ].join('')
        this.emitFile({ type: 'asset', fileName: wanted.served, source: head + code })
      },
    },
  }
}
