import type { Message, Task } from '../messages.ts'

/* A worker for a product that is broken: seed 2 ends the process, seed 3 does not end, and from 10 on all break a rule. */
process.on('disconnect', () => process.exit())
process.on('message', (task: Task) => {
  if (task.seed === '2') throw new Error('out of cheese')
  if (task.seed !== '3') process.send?.(answerTo(task))
})

function answerTo(task: Task): Message {
  if (task.do === 'shrink') return { did: 'shrink', shrunk: { steps: 5, lines: ['a story'] } }
  const broken = Number(task.seed) < 10 ? undefined : { rule: 'M3', message: 'M3: lost' }
  return {
    did: 'run',
    report: { seed: task.seed, events: 10, virtualMs: 1000, writes: 1, effects: { drop: 2 }, broken },
  }
}
