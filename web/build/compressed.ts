import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

import type { Plugin } from 'vite'

const TEXT = /\.(?:css|html|js|json|map|mjs|svg|txt|webmanifest)$/
const LEAST = 1024 // bytes; below, the headers cost more than is won

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })
}

/** Lays a brotli and a gzip beside every text of the build, so that the service compresses nothing. */
export function compressed(): Plugin {
  let folder = ''
  return {
    name: 'yiwang:compressed',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir)
    },
    closeBundle() {
      for (const path of files(folder)) {
        if (!TEXT.test(path) || statSync(path).size < LEAST) continue
        const content = readFileSync(path)
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 10 }
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: quality }))
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
      }
    },
  }
}
