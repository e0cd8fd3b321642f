import { gather } from '@/shared/language/language'

export default gather(
  'field',
  import.meta.glob(['./**/words.en.json', '../shared/**/words.en.json'], { eager: true, import: 'default' }),
)
