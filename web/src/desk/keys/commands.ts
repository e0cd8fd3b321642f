/** What can be done here, by key and by name: each part of the face adds its commands while it is
 * on the page; the newest layer wins where two want the same key. */
import { computed, onScopeDispose, ref, shallowReactive, type ComputedRef } from 'vue'

export interface Command {
  /** The same for the same thing, so that two layers do not show it twice. */
  id: string
  label: string
  /** The heading it stands under in the list of shortcuts. */
  group: string
  /** "j", "g w" (one after the other), "mod+enter"; none for what is only in the palette. */
  keys?: string
  /** Also while a field is written in; only for keys with "mod". */
  inFields?: boolean
  run: () => void
}

const OFF = 'yiwang.desk.keys-off'
const SEQUENCE_MS = 1200
const EDITABLE = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]'

const layers = shallowReactive<ComputedRef<Command[]>[]>([])

function stored(): boolean {
  try {
    return localStorage.getItem(OFF) !== null
  } catch {
    return false
  }
}

/** Whether keys of one character work; who speaks to the machine turns them off (WCAG 2.1.4). */
export const plainKeys = ref(!stored())

export function setPlainKeys(on: boolean): void {
  plainKeys.value = on
  try {
    if (on) localStorage.removeItem(OFF)
    else localStorage.setItem(OFF, '1')
  } catch {
    // storage is closed to us: the choice holds for this page
  }
}

/** Every command there is now, the newest layer's first, each once. */
export const commands = computed(() => {
  const found = new Map<string, Command>()
  for (const layer of [...layers].reverse()) {
    for (const command of layer.value) if (!found.has(command.id)) found.set(command.id, command)
  }
  return [...found.values()]
})

/** Add commands as long as the component lives. */
export function useCommands(make: () => Command[]): void {
  const layer = computed(make)
  layers.push(layer)
  onScopeDispose(() => layers.splice(layers.indexOf(layer), 1))
}

/** The name of a pressed key as commands write it: "j", "?", "mod+k", "shift+j", "enter". */
export function nameOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key.toLowerCase().replace('arrow', '')
  const letter = /^[a-z]$/.test(key) || key.length > 1
  return [event.ctrlKey || event.metaKey ? 'mod' : '', event.shiftKey && letter ? 'shift' : '', key]
    .filter(Boolean)
    .join('+')
}

/** Reads keys one after the other; says which command they name. */
export class KeyReader {
  private before = ''
  private last = 0

  read(name: string, at: number, known: readonly Command[]): Command | null {
    const waited = at - this.last <= SEQUENCE_MS ? this.before : ''
    const whole = waited ? `${waited} ${name}` : name
    this.last = at
    const found = known.find((command) => command.keys === whole) ?? known.find((command) => command.keys === name)
    this.before = found ? '' : name
    return found ?? null
  }
}

/** Listen to the keyboard of the page until the component is gone. */
export function useKeyboard(): void {
  const reader = new KeyReader()
  const hear = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey || event.isComposing || event.repeat && event.key === 'Enter') return
    const target = event.target instanceof Element ? event.target : null
    const writing = target?.closest(EDITABLE) != null
    const strong = event.ctrlKey || event.metaKey
    if (!strong && (writing || !plainKeys.value)) return
    // a dialog that is open has the keyboard to itself
    if (document.querySelector('dialog[open]') && !(target?.closest('dialog') && strong)) return
    const usable = commands.value.filter((command) => command.keys && (!writing || command.inFields))
    const found = reader.read(nameOf(event), event.timeStamp, usable)
    if (!found) return
    event.preventDefault()
    found.run()
  }
  window.addEventListener('keydown', hear)
  onScopeDispose(() => window.removeEventListener('keydown', hear))
}
