import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import ts from 'typescript'
import type { Plugin } from 'vite'

interface Offline {
  /** The service worker's source, and the path it is served under. */
  source: string
  served: string
  /** The page it serves without a line, by its name in the build. */
  page: string
  /** Files of the public folder that the page names. */
  besides: readonly string[]
}

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** Writes a service worker that knows every file of one page: found by following the names that
 * stand in the files, from the page on, whether they are loaded at once or later. */
export function offline(wanted: Offline): Plugin {
  let publicFolder = ''
  return {
    name: 'yiwang:offline',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      publicFolder = config.publicDir
    },
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const content = (name: string): string | Uint8Array => {
          const file = bundle[name]
          if (!file) throw new Error(`${name} is not in the build`)
          return file.type === 'chunk' ? file.code : file.source
        }
        const names = Object.keys(bundle).filter((name) => name.startsWith('assets/') && !name.endsWith('.map'))
        const found = new Set([wanted.page])
        for (const name of found) {
          const text = content(name).toString()
          for (const other of names) if (text.includes(other.slice('assets/'.length))) found.add(other)
        }
        const there = new Set(readdirSync(publicFolder))
        const rows = [
          ...[...found].map((name) => [`/${name}`, name.startsWith('assets/') ? null : sha256(content(name))]),
          ...wanted.besides.map((name) => {
            if (!there.has(name)) throw new Error(`${name} is not in the public folder`)
            return [`/${name}`, sha256(readFileSync(join(publicFolder, name)))]
          }),
        ].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
        const code = ts.transpileModule(readFileSync(wanted.source, 'utf8'), {
          compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: true },
        }).outputText
        const version = sha256(JSON.stringify(rows) + code).slice(0, 16)
        const head = `const VERSION=${JSON.stringify(version)};const FILES=${JSON.stringify(rows)};\n`
        const source = head + code.replace(/^export \{\};?$/m, '')
        this.emitFile({ type: 'asset', fileName: wanted.served, source })
      },
    },
  }
}
