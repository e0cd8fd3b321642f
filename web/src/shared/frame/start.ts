/** How every face begins: its words, the city, the session, then the first page. */
import { createApp, type Component } from 'vue'
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'

import '../design/base.css'
import { learn } from '../api/reference'
import { Problem } from '../api/problem'
import { install, language, words, type Sources } from '../language/language'
import { resume } from '../session/session'

declare module 'vue-router' {
  interface RouteMeta {
    /** The key of the page's title. */
    title?: string
  }
}

export interface Face {
  root: Component
  /** Where it is served: "/" or "/desk". */
  base: string
  routes: RouteRecordRaw[]
  words: Sources
  /** Whether people sign in here. */
  signedIn: boolean
}

/** Build a face and put it on the page. */
export async function start(face: Face): Promise<void> {
  const router = createRouter({
    history: createWebHistory(face.base),
    routes: face.routes,
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  })
  const app = createApp(face.root)
  await install(app, face.words)
  router.afterEach((to) => {
    const title = to.meta.title ? words.t(to.meta.title) : ''
    document.title = [title, words.t('frame.name')].filter(Boolean).join(' · ')
  })
  try {
    await Promise.all([learn(), face.signedIn ? resume() : undefined])
  } catch (error) {
    // the page says so itself when it asks for something; a bug is loud
    const problem = Problem.from(error)
    console.warn(`${problem.code}: ${problem.message} (${language.value})`)
  }
  app.use(router)
  app.mount('#app')
}
