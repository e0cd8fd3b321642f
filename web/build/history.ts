import type { Plugin } from 'vite'

/** In development: every path below a face is its page, as the service does it in production. */
export function historyOfFaces(faces: readonly string[]): Plugin {
  return {
    name: 'yiwang:history',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const [path = '/'] = (request.url ?? '/').split('?')
        const wantsPage = (request.headers.accept ?? '').includes('text/html')
        if (wantsPage && !path.startsWith('/api/')) {
          const face = path.split('/')[1] ?? ''
          request.url = faces.includes(face) && face !== 'public' ? `/${face}/index.html` : '/index.html'
        }
        next()
      })
    },
  }
}
