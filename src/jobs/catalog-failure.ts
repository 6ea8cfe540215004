/** The catalog cannot be read or written now, which its `cause` tells. No failure of whatever was to be done. */
export class CatalogFailure extends Error {
  override readonly name = 'CatalogFailure';
}

/** What the catalog answers. @throws CatalogFailure */
export async function fromCatalog<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw new CatalogFailure('the catalog failed', { cause });
  }
}

/** All rows of a list of the catalog. @throws CatalogFailure */
export function allFromCatalog<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const collect = async (): Promise<T[]> => {
    const list: T[] = [];
    for await (const row of rows) list.push(row);
    return list;
  };
  return fromCatalog(collect());
}
