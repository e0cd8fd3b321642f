// What somebody types stands while what is shown changes by itself.
import { mount } from '@vue/test-utils'
import { beforeAll, describe, expect, it } from 'vitest'
import type { App, Plugin } from 'vue'

import HeldInput from '../src/shared/forms/HeldInput.vue'
import { install } from '../src/shared/language/language'
import PositionField from '../src/shared/forms/PositionField.vue'

describe('HeldInput', () => {
  it('follows what is shown until somebody is in it, and again after', async () => {
    const field = mount(HeldInput, { props: { shown: '10:00' } })
    const input = field.get('input')
    await field.setProps({ shown: '10:01' })
    expect(input.element.value).toBe('10:01')
    await input.trigger('focus')
    input.element.value = '09:3'
    await input.trigger('input')
    await field.setProps({ shown: '10:02' })
    expect(input.element.value).toBe('09:3')
    input.element.value = '09:30'
    await input.trigger('input')
    await input.trigger('change')
    expect(field.emitted('given')).toEqual([['09:30']])
    await field.setProps({ shown: '09:30' })
    await input.trigger('blur')
    expect(input.element.value).toBe('09:30')
  })
})

describe('PositionField', () => {
  const options = { global: { stubs: { PlaceMap: true }, plugins: [] as Plugin[] } }

  beforeAll(async () => {
    const source = () => import('../src/shared/forms/words.zh.json').then((words) => ({ default: { forms: words.default } }))
    const app = { use: (plugin: Plugin) => options.global.plugins.push(plugin) }
    await install(app as unknown as App, { zh: source, en: source })
  })

  it('keeps what is being typed when the matter changes meanwhile', async () => {
    const field = mount(PositionField, {
      ...options,
      props: { inputId: 'at', modelValue: null, known: { lon: 121.4, lat: 31.2 } },
    })
    const input = field.get('input')
    input.element.value = '31.22, 121.465'
    await input.trigger('input')
    await field.setProps({ known: { lon: 121.5, lat: 31.3 } })
    expect(input.element.value).toBe('31.22, 121.465')
    await input.trigger('change')
    expect(field.emitted('update:modelValue')).toEqual([[{ lon: 121.465, lat: 31.22 }]])
  })

  it('shows a position that was pointed at, and forgets it', async () => {
    const field = mount(PositionField, { ...options, props: { inputId: 'at', modelValue: { lon: 121.4, lat: 31.2 } } })
    expect(field.get('input').element.value).toBe('31.200000, 121.400000')
    await field.get('button').trigger('click')
    expect(field.emitted('update:modelValue')).toEqual([[null]])
    expect(field.get('input').element.value).toBe('')
  })
})
