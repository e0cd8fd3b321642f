// Before the first paint: the theme and language chosen last. The page's policy allows no inline script.
;(function () {
  var root = document.documentElement
  var chosen = null
  var language = null
  try {
    chosen = localStorage.getItem('yiwang.theme')
    language = localStorage.getItem('yiwang.language')
  } catch {
    // storage is closed to us: the system's choice holds
  }
  if (!root.dataset.theme) {
    var dark = matchMedia('(prefers-color-scheme: dark)').matches
    root.dataset.theme = chosen === 'light' || chosen === 'dark' || chosen === 'sun' ? chosen : dark ? 'dark' : 'light'
  }
  root.lang = language === 'zh' || language === 'en' ? language : /^zh/i.test(navigator.language) ? 'zh' : 'en'
})()
