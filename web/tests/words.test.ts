import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

import { describe, expect, it } from 'vitest'

const SRC = join(import.meta.dirname, '../src')

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })
}

type Words = { [key: string]: string | Words }

function leaves(words: Words, prefix: string): [string, string][] {
  return Object.entries(words).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[`${prefix}.${key}`, value]] : leaves(value, `${prefix}.${key}`),
  )
}

const all = files(SRC)

/** Every word of a language by its key; the key begins with the folder, `shared/` left out. */
function words(language: string): Map<string, string> {
  return new Map(
    all
      .filter((path) => path.endsWith(`/words.${language}.json`))
      .flatMap((path) => {
        const folder = relative(SRC, join(path, '..')).replace(/^shared\//, '')
        return leaves(JSON.parse(readFileSync(path, 'utf8')) as Words, folder.replaceAll('/', '.'))
      }),
  )
}

const zh = words('zh')
const en = words('en')
const sources = all.filter((path) => /\.(?:ts|vue)$/.test(path)).map((path) => readFileSync(path, 'utf8'))
const firsts = new Set([...zh.keys()].map((key) => key.split('.')[0]))

/** Keys as they stand in the code: what looks like one and begins as one. */
const used = new Set(
  sources
    .flatMap((text) => [...text.matchAll(/['"`]([a-z_]+(?:\.[a-z_]+)+)['"`]/g)].map((hit) => hit[1] ?? ''))
    .filter((key) => firsts.has(key.split('.')[0])),
)
/** Keys made of a fixed beginning and a value: t(`…${sort}`). */
const beginnings = sources.flatMap((text) =>
  [...text.matchAll(/\bt\(`([a-z_.]+\.)\$\{/g)].map((hit) => hit[1] ?? ''),
)
const holes = (text: string): string[] => [...text.matchAll(/\{([a-z_]+)\}/g)].map((hit) => hit[1] ?? '').sort()

describe('the words of the faces', () => {
  it('are there', () => {
    expect(zh.size).toBeGreaterThan(100)
    expect(used.size).toBeGreaterThan(100)
  })

  it('are the same in both languages', () => {
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort())
  })

  it('take the same values in both languages', () => {
    const differ = [...zh].filter(([key, text]) => holes(text).join() !== holes(en.get(key) ?? '').join())
    expect(differ).toEqual([])
  })

  it('say something, each in its own language', () => {
    expect([...zh, ...en].filter(([, text]) => text.trim() === '')).toEqual([])
    expect([...en].filter(([, text]) => /\p{Script=Han}/u.test(text))).toEqual([])
  })

  it('miss nothing that is used', () => {
    const plain = [...used].filter((key) => !zh.has(key))
    expect(plain).toEqual([])
  })

  it('hold nothing that is not used', () => {
    const spare = [...zh.keys()].filter(
      (key) => !used.has(key) && !beginnings.some((beginning) => key.startsWith(beginning)),
    )
    expect(spare).toEqual([])
  })

  it('stand in no template without a key', () => {
    const bare = all
      .filter((path) => path.endsWith('.vue'))
      .flatMap((path) => {
        const text = readFileSync(path, 'utf8')
        const template = /<template>([\s\S]*)<\/template>/.exec(text)?.[1] ?? ''
        const shown = template.replace(/<!--[\s\S]*?-->/g, '').replace(/\{\{[\s\S]*?\}\}/g, '')
        return [...shown.matchAll(/>([^<>{}]*\p{Script=Han}[^<>{}]*)</gu)].map((hit) => `${path}: ${hit[1]}`)
      })
    expect(bare).toEqual([])
  })
})
