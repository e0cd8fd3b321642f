/** The wall's map out of its own tokens: areas by how much of them is overdue, and what lies on them. */
import type { Feature, FeatureCollection, Point, Polygon } from 'geojson'
import type { StyleSpecification } from 'maplibre-gl'

import { token } from '@/shared/design/theme'
import { say } from '@/shared/language/language'
import type { Areas } from '@/shared/map/areas'

import type { Tally } from '../picture/grouping'

export type Colours = Record<'ok' | 'watch' | 'warn' | 'alarm', string>

export const NOTHING: FeatureCollection = { type: 'FeatureCollection', features: [] }
const FONT = ['sans-serif']

/** What `/api/v1/cells` answers. */
export interface Cells {
  columns: { cell: string[]; count: number[]; overdue: number[]; ring: number[][] }
}

/** Hexagons to draw; `heat` is 0 to 1, by the square root of the count. */
export function hexagons(found: Cells): FeatureCollection<Polygon> {
  const { count, ring } = found.columns
  const most = Math.max(1, ...count)
  return {
    type: 'FeatureCollection',
    features: ring.map((flat, i): Feature<Polygon> => {
      const points: [number, number][] = []
      for (let at = 0; at + 1 < flat.length; at += 2) points.push([flat[at] ?? 0, flat[at + 1] ?? 0])
      if (points[0]) points.push(points[0])
      return {
        type: 'Feature',
        geometry: { type: 'Polygon', coordinates: [points] },
        properties: { heat: Math.sqrt((count[i] ?? 0) / most) },
      }
    }),
  }
}

/** The names of areas with their figures. */
export function labels(areas: Areas, figures: ReadonlyMap<string, Tally>, n: (value: number) => string): FeatureCollection<Point> {
  return {
    type: 'FeatureCollection',
    features: areas.features.map(({ properties: area }) => {
      const tally = figures.get(area.code)
      return {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [area.lon, area.lat] },
        properties: {
          code: area.code,
          name: say(area.name),
          figure: tally || figures.size > 0 ? n(tally?.open ?? 0) : '',
          order: -(tally?.open ?? 0),
        },
      }
    }),
  }
}

/** The style; its data come later. `scale` is how much larger than on a desk everything is. */
export function wallStyle(colours: Colours, limits: readonly number[], scale: number): StyleSpecification {
  const [watch = 5, warn = 10, alarm = 20] = limits
  const share = ['coalesce', ['feature-state', 'share'], 0] as unknown as number
  return {
    version: 8,
    sources: {
      areas: { type: 'geojson', data: NOTHING, promoteId: 'code' },
      around: { type: 'geojson', data: NOTHING },
      labels: { type: 'geojson', data: NOTHING },
      heat: { type: 'geojson', data: NOTHING },
      clusters: { type: 'geojson', data: NOTHING },
    },
    layers: [
      { id: 'paper', type: 'background', paint: { 'background-color': token('surface-sunken') } },
      { id: 'around', type: 'fill', source: 'around', paint: { 'fill-color': token('paper') } },
      {
        id: 'around-borders',
        type: 'line',
        source: 'around',
        paint: { 'line-color': token('line'), 'line-width': 1 * scale },
      },
      { id: 'areas', type: 'fill', source: 'areas', paint: { 'fill-color': '#0c1d26' } },
      {
        id: 'state',
        type: 'fill',
        source: 'areas',
        paint: {
          'fill-color': ['step', share, '#0c1d26', watch, colours.watch, warn, colours.warn, alarm, colours.alarm],
          'fill-opacity': ['step', share, 0, watch, 0.12, warn, 0.16, alarm, 0.2],
        },
      },
      {
        id: 'heat',
        type: 'fill',
        source: 'heat',
        paint: {
          'fill-color': [
            'interpolate',
            ['linear'],
            ['get', 'heat'],
            0,
            '#0f4750',
            0.35,
            '#1f8f92',
            0.7,
            '#8fe3cf',
            1,
            '#fff6c9',
          ],
          'fill-opacity': 0.78,
        },
      },
      {
        id: 'borders',
        type: 'line',
        source: 'areas',
        paint: { 'line-color': '#2f5461', 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 1 * scale, 14, 2 * scale] },
      },
      {
        id: 'chosen',
        type: 'line',
        source: 'areas',
        filter: ['==', ['get', 'code'], ''],
        paint: { 'line-color': token('accent-strong'), 'line-width': 2.5 * scale },
      },
      {
        id: 'clusters',
        type: 'circle',
        source: 'clusters',
        paint: {
          'circle-radius': ['interpolate', ['linear'], ['ln', ['get', 'open']], 0, 4 * scale, 3, 13 * scale, 9, 34 * scale],
          'circle-color': '#124049',
          'circle-opacity': 0.9,
          'circle-stroke-color': ['case', ['>', ['get', 'overdue'], 0], colours.alarm, token('accent')],
          'circle-stroke-width': 1.5 * scale,
        },
      },
      {
        id: 'cluster-counts',
        type: 'symbol',
        source: 'clusters',
        filter: ['>', ['get', 'open'], 1],
        layout: {
          'text-field': ['to-string', ['get', 'open']],
          'text-font': FONT,
          'text-size': 13 * scale,
          'text-allow-overlap': true,
        },
        paint: { 'text-color': token('ink') },
      },
      {
        id: 'names',
        type: 'symbol',
        source: 'labels',
        layout: {
          'text-field': [
            'format',
            ['get', 'name'],
            { 'font-scale': 0.86, 'text-color': token('ink-soft') },
            '\n',
            {},
            ['get', 'figure'],
            { 'font-scale': 1.25, 'text-color': token('ink') },
          ],
          'text-font': FONT,
          'text-size': 14 * scale,
          'text-line-height': 1.15,
          'text-padding': 3,
          'symbol-sort-key': ['get', 'order'],
        },
        paint: { 'text-color': token('ink'), 'text-halo-color': '#050d12', 'text-halo-width': 1.6 * scale },
      },
    ],
  }
}
