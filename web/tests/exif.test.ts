import { describe, expect, it } from 'vitest'

import { readPosition } from '@/public/report/exif'

/** A JPEG's beginning with a position in EXIF, in the byte order of either sort of phone. */
function photo(lat: [number, number, number], lon: [number, number, number], sides: string, little: boolean): Blob {
  const tiff = new DataView(new ArrayBuffer(160))
  const u16 = (at: number, value: number): void => tiff.setUint16(at, value, little)
  const u32 = (at: number, value: number): void => tiff.setUint32(at, value, little)
  tiff.setUint16(0, little ? 0x4949 : 0x4d4d)
  u16(2, 42)
  u32(4, 8)
  const row = (at: number, tag: number, type: number, count: number, value: number | string): void => {
    u16(at, tag)
    u16(at + 2, type)
    u32(at + 4, count)
    if (typeof value === 'number') u32(at + 8, value)
    else tiff.setUint8(at + 8, value.charCodeAt(0))
  }
  u16(8, 1)
  row(10, 0x8825, 4, 1, 30)
  u16(30, 4)
  row(32, 1, 2, 2, sides[0] ?? '')
  row(44, 2, 5, 3, 90)
  row(56, 3, 2, 2, sides[1] ?? '')
  row(68, 4, 5, 3, 114)
  for (const [n, value] of [...lat, ...lon].entries()) {
    u32(90 + 8 * n, Math.round(value * 1000))
    u32(94 + 8 * n, 1000)
  }
  const app1 = new DataView(new ArrayBuffer(10))
  app1.setUint16(0, 0xffe1)
  app1.setUint16(2, 8 + tiff.byteLength)
  app1.setUint32(4, 0x45786966)
  const comment = Uint8Array.of(0xff, 0xfe, 0, 4, 1, 2)
  return new Blob([Uint8Array.of(0xff, 0xd8), comment, app1.buffer, tiff.buffer, Uint8Array.of(0xff, 0xda)])
}

describe('the position in a photo', () => {
  it.each([true, false])('is read in either byte order (little: %s)', async (little) => {
    const found = await readPosition(photo([31, 14, 18.6], [121, 28, 43.32], 'NE', little))
    expect(found.lat).toBeCloseTo(31.2385, 6)
    expect(found.lon).toBeCloseTo(121.4787, 6)
  })

  it('has its sides', async () => {
    const found = await readPosition(photo([33, 52, 0], [151, 12, 0], 'SW', true))
    expect([Math.sign(found.lat ?? 0), Math.sign(found.lon ?? 0)]).toEqual([-1, -1])
  })

  it('is none where a phone wrote zeros, or nonsense', async () => {
    const none = { lon: null, lat: null }
    expect(await readPosition(photo([0, 0, 0], [0, 0, 0], 'NE', true))).toEqual(none)
    expect(await readPosition(photo([99, 0, 0], [121, 0, 0], 'NE', true))).toEqual(none)
    expect(await readPosition(new Blob(['no photo at all']))).toEqual(none)
    expect(await readPosition(new Blob([]))).toEqual(none)
  })

  it('is none in a photo that was cut off anywhere', async () => {
    const whole = photo([31, 14, 18.6], [121, 28, 43.32], 'NE', true)
    for (let size = 0; size < 150; size += 1) {
      expect(await readPosition(whole.slice(0, size))).toEqual({ lon: null, lat: null })
    }
  })
})
