import { describe, expect, it } from 'vitest'

import { backOff, EventReader, type Sent } from '@/shared/live/events'

function read(...parts: string[]): { sent: Sent[]; reader: EventReader } {
  const sent: Sent[] = []
  const reader = new EventReader((one) => sent.push(one))
  for (const part of parts) reader.take(part)
  return { sent, reader }
}

describe('a stream of events', () => {
  const whole = 'retry: 2000\n\nid: 7-1\nevent: yiwang.case.file\ndata: {"a":1}\n\n: \n\nid: 7-2\ndata: x\ndata: y\n\n'

  it('is read wherever it was cut', () => {
    const once = read(whole).sent
    for (let at = 0; at <= whole.length; at += 1) {
      expect(read(whole.slice(0, at), whole.slice(at)).sent).toEqual(once)
    }
    expect(once).toEqual([
      { id: '7-1', name: 'yiwang.case.file', data: '{"a":1}' },
      { id: '7-2', name: 'message', data: 'x\ny' },
    ])
  })

  it('knows the last id and the wish to wait', () => {
    const { reader } = read(whole)
    expect([reader.id, reader.retry]).toEqual(['7-2', 2000])
  })

  it('reads carriage returns, cut between their halves too', () => {
    expect(read('data: a\r', '\n\r\n').sent).toEqual([{ id: '', name: 'message', data: 'a' }])
  })

  it('tells nothing of an event that was not finished', () => {
    expect(read('data: a\n').sent).toEqual([])
  })
})

describe('waiting for a line', () => {
  it('doubles, is drawn, and ends somewhere', () => {
    expect(backOff(1, 1000, 1)).toBe(1000)
    expect(backOff(3, 1000, 1)).toBe(4000)
    expect(backOff(3, 1000, 0)).toBe(2000)
    expect(backOff(40, 1000, 1)).toBe(30_000)
  })
})
