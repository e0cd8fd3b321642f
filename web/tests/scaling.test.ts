import { describe, expect, it } from 'vitest'

import { exifOf, withExif } from '@/field/photos/scaling'

/** A JPEG's beginning whose EXIF holds an orientation, a maker and a preview. */
function head(little: boolean): Uint8Array {
  const tiff = new DataView(new ArrayBuffer(60))
  const u16 = (at: number, value: number): void => tiff.setUint16(at, value, little)
  const u32 = (at: number, value: number): void => tiff.setUint32(at, value, little)
  tiff.setUint16(0, little ? 0x4949 : 0x4d4d)
  u16(2, 42)
  u32(4, 8)
  u16(8, 2)
  u16(10, 0x010f)
  u16(12, 2)
  u32(14, 4)
  u32(18, 0x61626300)
  u16(22, 0x0112)
  u16(24, 3)
  u32(26, 1)
  u16(30, 6)
  u32(34, 40) // the preview's directory
  const app1 = new DataView(new ArrayBuffer(10))
  app1.setUint16(0, 0xffe1)
  app1.setUint16(2, 8 + tiff.byteLength)
  app1.setUint32(4, 0x45786966)
  const jfif = [0xff, 0xe0, 0, 4, 1, 2]
  return Uint8Array.of(0xff, 0xd8, ...jfif, ...new Uint8Array(app1.buffer), ...new Uint8Array(tiff.buffer), 0xff, 0xda, 0, 2)
}

describe('the EXIF of a photo that is drawn anew', () => {
  it.each([true, false])('goes with it, upright and without its preview (little: %s)', (little) => {
    const found = exifOf(head(little))
    const view = new DataView((found ?? new Uint8Array(70)).buffer, 10)
    expect(found).toHaveLength(70)
    expect([view.getUint16(30, little), view.getUint32(34, little)]).toEqual([1, 0])
    expect(view.getUint32(18, little)).toBe(0x61626300)
  })

  it('is none where there is none, or not the whole of it', () => {
    const whole = head(true)
    for (let size = 0; size < 78; size += 1) expect(exifOf(whole.slice(0, size)), String(size)).toBeNull()
    expect(exifOf(whole.slice(0, 78))).not.toBeNull()
    expect(exifOf(new TextEncoder().encode('no photo at all'))).toBeNull()
    expect(exifOf(Uint8Array.of(0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2))).toBeNull()
  })

  it('does not follow what points out of it', () => {
    const astray = head(true)
    new DataView(astray.buffer).setUint32(8 + 10 + 4, 5000, true)
    expect(exifOf(astray)).toBeNull()
  })

  it('stands right behind the beginning of the new one', async () => {
    const jpeg = new Blob([Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)], { type: 'image/jpeg' })
    const found = withExif(jpeg, Uint8Array.of(1, 2, 3))
    expect([...new Uint8Array(await found.arrayBuffer())]).toEqual([0xff, 0xd8, 1, 2, 3, 0xff, 0xe0])
    expect(found.type).toBe('image/jpeg')
  })
})
