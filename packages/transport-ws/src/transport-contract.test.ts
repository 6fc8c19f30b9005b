import { transportContract } from '@whisker/conformance'
import { scriptedPlace } from './testing/scripted-server.ts'

transportContract(scriptedPlace)
