/** The map's style out of our own tokens: no glyphs, no sprites, no tiles from anywhere. */
import type { FeatureCollection } from 'geojson'
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'

import { token } from '../design/theme'
import type { Language } from '../language/language'

const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] }

export interface Drawing {
  areas: FeatureCollection | null
  points: FeatureCollection
  layer: 'points' | 'clusters' | 'heat'
  language: Language
}

function spotLayers(layer: Drawing['layer']): LayerSpecification[] {
  const accent = token('accent')
  if (layer === 'heat') {
    return [
      {
        id: 'heat',
        type: 'heatmap',
        source: 'spots',
        paint: {
          'heatmap-radius': ['interpolate', ['linear'], ['zoom'], 8, 10, 14, 36],
          'heatmap-color': [
            'interpolate',
            ['linear'],
            ['heatmap-density'],
            0,
            'rgba(0,0,0,0)',
            0.3,
            token('accent'),
            0.65,
            token('watch'),
            1,
            token('seal'),
          ],
          'heatmap-opacity': 0.75,
        },
      },
    ]
  }
  const single: LayerSpecification = {
    id: 'spots',
    type: 'circle',
    source: 'spots',
    filter: ['!', ['has', 'point_count']],
    paint: {
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 8, 3.5, 14, 8],
      'circle-color': ['match', ['get', 'mood'], 'alarm', token('seal'), 'watch', token('watch'), accent],
      'circle-stroke-color': token('surface'),
      'circle-stroke-width': 1.5,
    },
  }
  if (layer === 'points') return [single]
  return [
    {
      id: 'clusters',
      type: 'circle',
      source: 'spots',
      filter: ['has', 'point_count'],
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['sqrt', ['get', 'point_count']], 1, 11, 10, 22, 60, 44],
        'circle-color': accent,
        'circle-opacity': 0.82,
        'circle-stroke-color': token('surface'),
        'circle-stroke-width': 2,
      },
    },
    {
      id: 'cluster-counts',
      type: 'symbol',
      source: 'spots',
      filter: ['has', 'point_count'],
      layout: { 'text-field': ['get', 'point_count_abbreviated'], 'text-size': 13, 'text-allow-overlap': true },
      paint: { 'text-color': token('on-accent') },
    },
    single,
  ]
}

/** The whole style of a map, in the theme that is drawn now. */
export function styleOf(drawing: Drawing): StyleSpecification {
  return {
    version: 8,
    sources: {
      areas: { type: 'geojson', data: drawing.areas ?? EMPTY },
      spots: {
        type: 'geojson',
        data: drawing.points,
        cluster: drawing.layer === 'clusters',
        clusterRadius: 44,
        clusterMaxZoom: 14,
      },
    },
    layers: [
      { id: 'paper', type: 'background', paint: { 'background-color': token('surface-sunken') } },
      { id: 'areas', type: 'fill', source: 'areas', paint: { 'fill-color': token('surface') } },
      {
        id: 'borders',
        type: 'line',
        source: 'areas',
        paint: { 'line-color': token('line-strong'), 'line-width': 0.8 },
      },
      ...spotLayers(drawing.layer),
      {
        id: 'names',
        type: 'symbol',
        source: 'areas',
        layout: {
          'text-field': ['coalesce', ['get', drawing.language, ['get', 'name']], ''],
          'text-size': 13,
          'text-padding': 8,
        },
        paint: {
          'text-color': token('ink-soft'),
          'text-halo-color': token('surface'),
          'text-halo-width': 1.5,
        },
      },
    ],
  }
}
