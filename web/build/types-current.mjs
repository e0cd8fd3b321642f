// Fails where src/shared/api/schema.ts is not what docs/generated/openapi.json says.
import { readFileSync } from 'node:fs'

import openapiTS, { astToString } from 'openapi-typescript'

const schema = new URL('../src/shared/api/schema.ts', import.meta.url)
const document = new URL('../../docs/generated/openapi.json', import.meta.url)
const wanted = astToString(await openapiTS(document, { alphabetize: true, emptyObjectsUnknown: true }))
// the file begins with a comment of the generator's
const found = readFileSync(schema, 'utf8').replace(/^\/\*\*[\s\S]*?\*\/\s*/, '')
if (found.trim() !== wanted.trim()) {
  console.error('web/src/shared/api/schema.ts is stale; run: make generate')
  process.exit(1)
}
