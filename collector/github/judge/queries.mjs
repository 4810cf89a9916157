// Holds GraphQL queries against GitHub's schema. Usage: node queries.mjs FILE…
import { readFileSync } from 'node:fs'
import { buildSchema, parse, validate } from 'graphql'

const described = new URL('node_modules/@octokit/graphql-schema/schema.graphql', import.meta.url)
const schema = buildSchema(readFileSync(described, 'utf8'), { assumeValidSDL: true })
let bad = 0
for (const file of process.argv.slice(2)) {
  for (const error of validate(schema, parse(readFileSync(file, 'utf8')))) {
    bad++
    console.error(`${file}: ${error.message}`)
  }
}
console.log(`${process.argv.length - 2} queries, ${bad} faults`)
process.exit(bad ? 1 : 0)
