import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

const css = readFileSync(join(import.meta.dirname, '../src/shared/design/tokens.css'), 'utf8')

const TEXT = 4.5 // WCAG 2.2, 1.4.3
const SIGN = 3 // 1.4.11: borders of fields, focus rings

function colours(theme: string): Map<string, string> {
  const blocks = [...css.matchAll(/([^{}]+)\{([^{}]*)\}/g)]
  const block = blocks.find(([, selector]) => selector?.includes(`[data-theme='${theme}']`))
  const found = [...(block?.[2] ?? '').matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6})/g)]
  return new Map(found.map(([, name, value]) => [name ?? '', value ?? '']))
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

const GROUNDS = ['paper', 'surface', 'surface-sunken']
const PAIRS: [string, string, number][] = [
  ...GROUNDS.flatMap((ground): [string, string, number][] => [
    ['ink', ground, TEXT],
    ['ink-soft', ground, TEXT],
    ['ink-faint', ground, TEXT],
    ['accent', ground, TEXT],
    ['accent-strong', ground, TEXT],
    ['focus', ground, SIGN],
    ['line-strong', ground, SIGN],
  ]),
  ['seal', 'paper', TEXT],
  ['seal', 'surface', TEXT],
  ['on-accent', 'accent', TEXT],
  ['on-accent', 'accent-strong', TEXT],
  ['on-seal', 'seal', TEXT],
  ['ink', 'accent-soft', TEXT],
  ['ink-soft', 'accent-soft', TEXT],
  ['accent', 'accent-soft', TEXT],
  ['accent-strong', 'accent-soft', TEXT],
  ['ink', 'seal-soft', TEXT],
  ...['seal', 'ok', 'watch', 'warn'].map((name): [string, string, number] => [name, `${name}-soft`, TEXT]),
]

describe.each(['light', 'dark', 'sun', 'screen'])('the theme %s', (theme) => {
  const found = colours(theme)

  it('has every colour that the light one has', () => {
    expect([...found.keys()].sort()).toEqual([...colours('light').keys()].sort())
    expect(found.size).toBeGreaterThan(20)
  })

  it.each(PAIRS)('%s can be read on %s', (front, ground, least) => {
    expect(contrast(found.get(front) ?? '', found.get(ground) ?? '')).toBeGreaterThanOrEqual(least)
  })
})

it('the theme for the sun is read at seven to one', () => {
  const found = colours('sun')
  for (const name of ['ink', 'ink-soft', 'ink-faint', 'accent', 'seal', 'ok', 'watch', 'warn']) {
    expect(contrast(found.get(name) ?? '', found.get('surface') ?? ''), name).toBeGreaterThanOrEqual(7)
  }
})
