import type { Transport } from '@whisker/protocol'

export interface OffersWatched {
  readonly transport: Transport
  /** The documents, as `collection/id`, that a server took as offers. It grows. */
  readonly offered: ReadonlySet<string>
}

export function watchOffers(transport: Transport): OffersWatched {
  const offered = new Set<string>()
  return {
    offered,
    transport: {
      version: async (space, options) => transport.version(space, options),
      pull: async (request, options) => transport.pull(request, options),
      async push(request, options) {
        const receipt = await transport.push(request, options)
        const refused = new Set(receipt.refusedOffers.map(nameOf))
        for (const name of request.offers.map(nameOf)) if (!refused.has(name)) offered.add(name)
        return receipt
      },
      isAvailable: async (options) => transport.isAvailable(options),
      ...(transport.subscribe && { subscribe: transport.subscribe.bind(transport) }),
      close: async () => transport.close(),
    },
  }
}

const nameOf = ({ collection, document }: { readonly collection: string; readonly document: string }): string =>
  `${collection}/${document}`
