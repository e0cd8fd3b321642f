/** Where and when a photo was taken, as the phone wrote it into the file (EXIF 2.32, in a JPEG).
 *
 * Only the first 256 kB are read. The service reads the same once more and strips it; this is for
 * the position to be there before anything is sent.
 */

export interface Taken {
  lon: number | null
  lat: number | null
}

const HEAD_BYTES = 256 * 1024
const APP1 = 0xffe1
const START_OF_SCAN = 0xffda
const TAG_GPS = 0x8825
const LAT_REF = 1
const LAT = 2
const LON_REF = 3
const LON = 4
const RATIONAL = 5
const ASCII = 2

/** The position in a photo; null where it has none or cannot be read. */
export async function readPosition(photo: Blob): Promise<Taken> {
  const head = await photo.slice(0, HEAD_BYTES).arrayBuffer()
  try {
    return positionIn(new DataView(head))
  } catch (error) {
    // a file that promises more than it holds
    if (error instanceof RangeError) return { lon: null, lat: null }
    throw error
  }
}

function positionIn(view: DataView): Taken {
  const none = { lon: null, lat: null }
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return none
  let at = 2
  while (at + 4 <= view.byteLength) {
    const marker = view.getUint16(at)
    if ((marker & 0xff00) !== 0xff00 || marker === START_OF_SCAN) return none
    const length = view.getUint16(at + 2)
    const isExif = marker === APP1 && view.getUint32(at + 4) === 0x45786966
    if (isExif) return positionInTiff(new DataView(view.buffer, at + 10, Math.min(length, view.byteLength - at - 2) - 8))
    at += 2 + length
  }
  return none
}

interface Entry {
  type: number
  count: number
  at: number
}

function entries(tiff: DataView, at: number, little: boolean): Map<number, Entry> {
  const found = new Map<number, Entry>()
  const count = tiff.getUint16(at, little)
  for (let n = 0; n < count; n += 1) {
    const row = at + 2 + 12 * n
    found.set(tiff.getUint16(row, little), {
      type: tiff.getUint16(row + 2, little),
      count: tiff.getUint32(row + 4, little),
      at: row + 8,
    })
  }
  return found
}

function positionInTiff(tiff: DataView): Taken {
  const little = tiff.getUint16(0) === 0x4949
  const gps = entries(tiff, tiff.getUint32(4, little), little).get(TAG_GPS)
  if (!gps) return { lon: null, lat: null }
  const rows = entries(tiff, tiff.getUint32(gps.at, little), little)

  function degrees(value: number, ref: number, negative: string, most: number): number | null {
    const row = rows.get(value)
    const side = rows.get(ref)
    if (row?.type !== RATIONAL || row.count !== 3 || side?.type !== ASCII) return null
    const from = tiff.getUint32(row.at, little)
    const parts = [0, 1, 2].map(
      (n) => tiff.getUint32(from + 8 * n, little) / tiff.getUint32(from + 8 * n + 4, little),
    ) as [number, number, number]
    const found = parts[0] + parts[1] / 60 + parts[2] / 3600
    if (!Number.isFinite(found) || found > most) return null
    return String.fromCharCode(tiff.getUint8(side.at)) === negative ? -found : found
  }

  const lat = degrees(LAT, LAT_REF, 'S', 90)
  const lon = degrees(LON, LON_REF, 'W', 180)
  // what phones write that know no position
  if (lat === null || lon === null || (lat === 0 && lon === 0)) return { lon: null, lat: null }
  return { lon, lat }
}
