/** Photos as they wait to be sent: no larger than anybody needs to judge them, so that they go over a
 * weak line, with what the camera wrote into them of where and when. */

/** Pixels of the longest side. */
export const LONGEST = 2560
const QUALITY = 0.86
const SMALL_BYTES = 1_500_000 // what is no wider and no heavier goes as it is
const HEAD_BYTES = 256 * 1024
const APP1 = 0xffe1
const START_OF_SCAN = 0xffda
const EXIF = 0x45786966
const TIFF_AT = 10 // in the segment: marker, length, "Exif", two zeros
const ORIENTATION = 0x0112

/** The EXIF segment at the beginning of a JPEG, made to say that the picture stands upright and has
 * no preview; null where there is none that is whole. (CIPA DC-008, TIFF 6.0) */
export function exifOf(head: Uint8Array): Uint8Array<ArrayBuffer> | null {
  try {
    const segment = segmentIn(head)
    if (segment) straighten(new DataView(segment.buffer, TIFF_AT))
    return segment
  } catch (error) {
    // a file that promises more than it holds
    if (error instanceof RangeError) return null
    throw error
  }
}

function segmentIn(head: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null
  for (let at = 2; at + 4 <= view.byteLength; ) {
    const marker = view.getUint16(at)
    if ((marker & 0xff00) !== 0xff00 || marker === START_OF_SCAN) return null
    const end = at + 2 + view.getUint16(at + 2)
    if (marker === APP1 && view.getUint32(at + 4) === EXIF) return end > view.byteLength ? null : head.slice(at, end)
    at = end
  }
  return null
}

function straighten(tiff: DataView): void {
  const little = tiff.getUint16(0) === 0x4949
  const start = tiff.getUint32(4, little)
  const count = tiff.getUint16(start, little)
  for (let n = 0; n < count; n += 1) {
    const row = start + 2 + 12 * n
    if (tiff.getUint16(row, little) === ORIENTATION) tiff.setUint16(row + 8, 1, little)
  }
  tiff.setUint32(start + 2 + 12 * count, 0, little)
}

/** A JPEG with this EXIF segment at its head. */
export function withExif(jpeg: Blob, exif: Uint8Array<ArrayBuffer>): Blob {
  return new Blob([jpeg.slice(0, 2), exif, jpeg.slice(2)], { type: jpeg.type })
}

function draw(picture: ImageBitmap, ratio: number): Promise<Blob | null> {
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(picture.width * ratio)
  canvas.height = Math.round(picture.height * ratio)
  const pen = canvas.getContext('2d', { alpha: false })
  if (!pen) return Promise.resolve(null)
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.imageSmoothingQuality = 'high'
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY))
}

/** The photo as a JPEG of no more than 2560 pixels a side; as it is where that gains nothing, or where
 * it is no picture this browser reads: the service says what is wrong with it. */
export async function scaled(photo: Blob): Promise<Blob> {
  let picture: ImageBitmap
  try {
    picture = await createImageBitmap(photo)
  } catch {
    return photo
  }
  try {
    const ratio = Math.min(1, LONGEST / Math.max(picture.width, picture.height))
    if (ratio === 1 && photo.size <= SMALL_BYTES) return photo
    const drawn = await draw(picture, ratio)
    if (drawn === null || drawn.size >= photo.size) return photo
    const exif = exifOf(new Uint8Array(await photo.slice(0, HEAD_BYTES).arrayBuffer()))
    return exif ? withExif(drawn, exif) : drawn
  } finally {
    picture.close()
  }
}
