/** Which rows of a list are chosen: one by one, or a range with Shift; what leaves the list leaves. */
import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue'

export function useSelection<T>(items: Readonly<Ref<readonly T[]>>, keyOf: (item: T) => string) {
  const keys = shallowRef<ReadonlySet<string>>(new Set())
  const last = ref('')
  const found: ComputedRef<T[]> = computed(() => items.value.filter((item) => keys.value.has(keyOf(item))))

  function choose(item: T, on: boolean, range = false): void {
    const next = new Set(keys.value)
    const to = items.value.findIndex((one) => keyOf(one) === keyOf(item))
    const from = range ? items.value.findIndex((one) => keyOf(one) === last.value) : to
    const [low, high] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)]
    for (const one of items.value.slice(low, high + 1)) {
      if (on) next.add(keyOf(one))
      else next.delete(keyOf(one))
    }
    last.value = keyOf(item)
    keys.value = next
  }

  return {
    items: found,
    has: (item: T): boolean => keys.value.has(keyOf(item)),
    choose,
    toggle: (item: T) => choose(item, !keys.value.has(keyOf(item))),
    all: () => (keys.value = new Set(items.value.map(keyOf))),
    clear: () => (keys.value = new Set()),
  }
}
