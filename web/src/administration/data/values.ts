/** Values of items in the words of the page. */
import { useWords } from '@/shared/language/language'

import { meaningOf, shown } from './fields'

/** `say(sort, field, value)`: a value of a field in words. */
export function useValues(): (sort: string, field: string, value: unknown) => string {
  const { t } = useWords()
  const flag = (on: boolean): string => (on ? t('administration.data.yes') : t('administration.data.no'))
  return (sort, field, value) => shown(meaningOf(sort, field), value, flag, t('administration.data.comma'))
}
