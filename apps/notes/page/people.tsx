import { usePresence } from '@whisker/react'
import type { ReactNode } from 'react'

export function People(): ReactNode {
  const { members } = usePresence()
  if (members.length === 0) return null
  return <p className="quiet">Also here: {members.map(({ name }) => name).join(', ')}</p>
}
