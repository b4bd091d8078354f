// Asks an independent IAM policy simulator, installed apart from this repository, for a second opinion: an array of simulations as JSON
// on standard input, an array of its answers on standard output. MODULES is the node_modules folder it stands in.
const { createRequire } = require('node:module')
const { runSimulation } = createRequire(process.env.MODULES + '/')('@cloud-copilot/iam-simulate')

async function main() {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  const answers = []
  for (const simulation of JSON.parse(text)) {
    try {
      const r = await runSimulation(simulation, {})
      answers.push(r.resultType === 'error' ? { error: JSON.stringify(r.errors) } : { result: r.overallResult, ignored: r.result?.ignoredContextKeys ?? [] })
    } catch (e) {
      answers.push({ error: String(e) })
    }
  }
  process.stdout.write(JSON.stringify(answers))
}

main()
