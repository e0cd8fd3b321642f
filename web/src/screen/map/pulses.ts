/** Rings around cases that just came, on a canvas of their own: the map below need not be redrawn. */
import type { MapLibreMap } from 'maplibre-gl'

import type { Newcomer } from '../picture/following'

const LASTS_MS = 12_000
const BEAT_MS = 1500

/** Begin; `draw` once more after the map moved or somebody came; `stop` ends it. */
export function pulses(
  map: MapLibreMap,
  canvas: HTMLCanvasElement,
  newcomers: Newcomer[],
  colour: string,
  scale: () => number,
): { draw: () => void; stop: () => void } {
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  const pen = canvas.getContext('2d')
  let frame = 0
  let timer: number | undefined
  let drawn = false

  function paint(now: number): void {
    frame = 0
    if (!pen) return
    while (newcomers[0] && now - newcomers[0].since > LASTS_MS) newcomers.shift()
    if (newcomers.length === 0 && !drawn) return
    const ratio = map.getPixelRatio()
    const { clientWidth: width, clientHeight: height } = map.getCanvas()
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    pen.clearRect(0, 0, width, height)
    pen.strokeStyle = colour
    pen.lineWidth = 2 * scale()
    for (const one of newcomers) {
      const age = now - one.since
      const beat = still.matches ? 0.5 : (age % BEAT_MS) / BEAT_MS
      const { x, y } = map.project([one.lon, one.lat])
      pen.globalAlpha = (still.matches ? 0.8 : 1 - beat) * Math.min(1, (LASTS_MS - age) / 2000)
      pen.beginPath()
      pen.arc(x, y, (6 + beat * 20) * scale(), 0, 2 * Math.PI)
      pen.stroke()
    }
    drawn = newcomers.length > 0
    if (!drawn) return
    if (still.matches) timer ??= window.setTimeout(again, 1000)
    else frame ||= requestAnimationFrame(paint)
  }
  function again(): void {
    timer = undefined
    draw()
  }
  function draw(): void {
    frame ||= requestAnimationFrame(paint)
  }
  map.on('move', draw)
  return {
    draw,
    stop: () => {
      cancelAnimationFrame(frame)
      window.clearTimeout(timer)
      map.off('move', draw)
    },
  }
}
