import { gather } from '@/shared/language/language'

export default gather(
  'public',
  import.meta.glob(['./**/words.en.json', '../shared/**/words.en.json'], { eager: true, import: 'default' }),
)
