import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import elementPlus from 'unplugin-element-plus/vite'
import { defineConfig } from 'vitest/config'

import { compressed } from './build/compressed.ts'
import { historyOfFaces } from './build/history.ts'
import { offline } from './build/offline.ts'
import { compiledWords } from './build/words.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// One HTML page for each face; the names are the paths they are served under.
const FACES = {
  public: at('./index.html'),
  desk: at('./desk/index.html'),
  field: at('./field/index.html'),
  screen: at('./screen/index.html'),
  administration: at('./administration/index.html'),
}

export default defineConfig({
  root: at('./'),
  resolve: { alias: { '@': at('./src') } },
  plugins: [
    vue(),
    elementPlus({}),
    compiledWords(),
    historyOfFaces(Object.keys(FACES)),
    offline({
      source: at('./worker/field.ts'),
      served: 'field-worker.js',
      page: 'field/index.html',
      besides: ['appearance.js', 'logo.svg', 'field.webmanifest', 'icon-192.png', 'icon-512.png'],
    }),
    offline({
      source: at('./worker/public.ts'),
      served: 'public-worker.js',
      page: 'index.html',
      besides: ['appearance.js', 'logo.svg', 'icon-192.png'],
      later: /maplibre|Map-|City|Case|Place|MonthBars|Proof/,
    }),
    compressed(),
  ],
  define: {
    // Words are compiled at build time: no compiler goes to the browser.
    __INTLIFY_DROP_MESSAGE_COMPILER__: true,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_OPTIONS_API__: true,
    __VUE_PROD_DEVTOOLS__: false,
  },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rollupOptions: { input: FACES },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/open311'].map((path) => [path, process.env.YIWANG_URL ?? 'http://127.0.0.1:8000']),
    ),
  },
  test: { environment: 'happy-dom', include: ['tests/**/*.test.ts'] },
})
