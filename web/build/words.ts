import { baseCompile } from '@intlify/message-compiler'
import type { Plugin } from 'vite'

type Words = { [key: string]: string | Words }

function compile(words: Words, where: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(words).map(([key, value]) => {
      if (typeof value !== 'string') return [key, compile(value, `${where}.${key}`)]
      const onError = (error: Error): never => {
        throw new Error(`${where}.${key}: ${error.message}`)
      }
      return [key, baseCompile(value, { jit: true, onError }).ast]
    }),
  )
}

/** Compiles `words.zh.json` and `words.en.json` while building: the page's policy allows no `eval`,
 * and the browser need not carry a compiler. */
export function compiledWords(): Plugin {
  return {
    name: 'yiwang:words',
    enforce: 'pre',
    transform(code, id) {
      if (!/\/words\.(?:zh|en)\.json$/.test(id)) return null
      const compiled = compile(JSON.parse(code) as Words, id)
      return { code: `export default ${JSON.stringify(compiled)}`, map: null, moduleType: 'js' }
    },
  }
}
