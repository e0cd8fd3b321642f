/** A receipt as a picture, to be kept among one's photos. */
import { encode } from 'uqr'

const WIDTH = 720
const HEIGHT = 960
const MARGIN = 60
const CODE = 420

export interface Lines {
  title: string
  number: string
  token: string
  at: string
}

/** Draw it; black on white, so that it can also be printed. */
export async function drawReceipt(lines: Lines, link: string): Promise<Blob> {
  const canvas = document.createElement('canvas')
  canvas.width = WIDTH
  canvas.height = HEIGHT
  const pen = canvas.getContext('2d')
  if (!pen) throw new Error('no canvas')
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, WIDTH, HEIGHT)
  pen.fillStyle = '#000'
  const family = getComputedStyle(document.documentElement).fontFamily
  const write = (text: string, y: number, size: number, weight = 400): void => {
    pen.font = `${weight} ${size}px ${family}`
    pen.fillText(text, MARGIN, y, WIDTH - 2 * MARGIN)
  }
  write(lines.title, 110, 40, 600)
  write(lines.number, 190, 52, 700)
  write(lines.token, 250, 30)
  write(lines.at, 300, 26)
  const code = encode(link, { ecc: 'M', border: 0 })
  const step = Math.floor(CODE / code.size)
  for (const [y, row] of code.data.entries()) {
    for (const [x, dark] of row.entries()) {
      if (dark) pen.fillRect(MARGIN + x * step, 360 + y * step, step, step)
    }
  }
  write(location.host, HEIGHT - MARGIN, 24)
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png')
  })
}
