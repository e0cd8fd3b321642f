/** Light, dark, for reading in the sun, or as the system says; the wall has a theme of its own and none of these. */
import { ref } from 'vue'

export const THEMES = ['system', 'light', 'dark', 'sun'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'yiwang.theme'
const system = matchMedia('(prefers-color-scheme: dark)')

function stored(): Theme {
  try {
    const found = localStorage.getItem(KEY)
    return THEMES.includes(found as Theme) ? (found as Theme) : 'system'
  } catch {
    return 'system'
  }
}

export const theme = ref<Theme>(stored())
/** What is drawn now; maps and charts redraw when it changes. */
export const drawn = ref(document.documentElement.dataset.theme ?? 'light')

function draw(): void {
  const root = document.documentElement
  if (root.dataset.theme === 'screen') return
  const dark = theme.value === 'dark' || (theme.value === 'system' && system.matches)
  root.dataset.theme = theme.value === 'sun' ? 'sun' : dark ? 'dark' : 'light'
  drawn.value = root.dataset.theme
}

system.addEventListener('change', draw)

export function dress(chosen: Theme): void {
  theme.value = chosen
  try {
    localStorage.setItem(KEY, chosen)
  } catch {
    // storage is closed to us: the choice holds for this page
  }
  draw()
}

/** The value of a token now, such as `token('accent')`. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}
