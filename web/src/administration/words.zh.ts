import { gather } from '@/shared/language/language'

export default gather(
  'administration',
  import.meta.glob(['./**/words.zh.json', '../shared/**/words.zh.json'], { eager: true, import: 'default' }),
)
