/** Figures as they are read: with the marks of the language, "–" where there is none. */
import { language } from '@/shared/language/language'

const TAGS = { zh: 'zh-CN', en: 'en-GB' } as const

/** A number with so many decimals at most. */
export function told(value: number | null, decimals = 0): string {
  if (value === null) return '–'
  return new Intl.NumberFormat(TAGS[language.value], { maximumFractionDigits: decimals }).format(value)
}

/** A share given in percent. */
export function share(value: number | null): string {
  if (value === null) return '–'
  const format = new Intl.NumberFormat(TAGS[language.value], { style: 'percent', maximumFractionDigits: 1 })
  return format.format(value / 100)
}
