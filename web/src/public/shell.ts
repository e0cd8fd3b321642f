/** The page as it lies on the device: a service worker keeps what it takes to write a report. */

/** Once the page stands: nothing of it waits for this. */
export function installShell(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  const begin = (): void => {
    navigator.serviceWorker.register('/public-worker.js', { scope: '/', updateViaCache: 'none' }).catch(() => {
      // closed to this window: the page works with a line only
    })
  }
  if (document.readyState === 'complete') begin()
  else window.addEventListener('load', begin, { once: true })
}
