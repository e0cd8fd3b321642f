/** The language of the page: one of two equals, switched without a reload and remembered here. */
import { computed, type App } from 'vue'
import { createI18n, useI18n } from 'vue-i18n'

export const LANGUAGES = ['zh', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

/** A name as the API gives it. */
export interface Name {
  zh: string
  en: string
}

type Words = Record<string, unknown>
type Files = Record<string, Words>
/** The words of a face in each language, fetched when the language is first spoken. */
export type Sources = Record<Language, () => Promise<{ default: Words }>>

const KEY = 'yiwang.language'

const i18n = createI18n({
  legacy: false,
  locale: 'zh',
  fallbackLocale: false,
  missingWarn: import.meta.env.DEV,
  messages: { zh: {}, en: {} },
})

let sources: Sources | null = null
const fetched = new Set<Language>()

export const language = computed<Language>(() => i18n.global.locale.value as Language)

/** One tree of words out of files: `./work/words.zh.json` of the desk stands below `desk.work.`,
 * `../shared/session/words.zh.json` under `session`. */
export function gather(face: string, files: Files): Words {
  const tree: Words = {}
  for (const [path, words] of Object.entries(files)) {
    const folder = path.replace(/\/words\.[a-z]+\.json$/, '')
    const shared = folder.startsWith('../shared/')
    const steps = shared
      ? folder.slice('../shared/'.length).split('/')
      : [face, ...folder.split('/').filter((step) => step !== '.')]
    let branch = tree
    for (const step of steps) branch = (branch[step] ??= {}) as Words
    Object.assign(branch, words)
  }
  return tree
}

/** What a name is in the page's language. */
export function say(name: Name | null | undefined): string {
  return name ? name[language.value] : ''
}

/** The same as something that stands alone, such as a button: in English its first letter is large. */
export function title(name: Name | null | undefined): string {
  const said = say(name)
  return said.charAt(0).toUpperCase() + said.slice(1)
}

/** Words by key: `const { t } = useWords()`. Keys are compared with the words by a test. */
export function useWords() {
  return useI18n({ useScope: 'global' })
}

/** Words outside of a component. */
export const words = i18n.global

/** Whether a text names a language of ours. */
export function isLanguage(text: unknown): text is Language {
  return LANGUAGES.includes(text as Language)
}

/** Speak a language from now on. */
export async function speak(chosen: Language): Promise<void> {
  if (sources !== null && !fetched.has(chosen)) {
    i18n.global.setLocaleMessage(chosen, (await sources[chosen]()).default as never)
    fetched.add(chosen)
  }
  i18n.global.locale.value = chosen
  document.documentElement.lang = chosen
  try {
    localStorage.setItem(KEY, chosen)
  } catch {
    // storage is closed to us: the choice holds for this page
  }
}

/** Teach an app its words; resolves when it can speak. */
export async function install(app: App, from: Sources): Promise<void> {
  sources = from
  fetched.clear()
  const first = document.documentElement.lang
  await speak(isLanguage(first) ? first : 'zh')
  app.use(i18n)
}
