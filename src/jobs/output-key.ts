/**
 * The key of an object's result (behaviour 1): the output prefix, `/`, the input key minus the literal prefix, `.out`. A
 * prefix that is the key itself leaves its last path segment.
 *
 * @param inputPrefix the key part of the input's location, as the user wrote it
 * @param outputPrefix the key part of the output's location
 */
export function outputKey(inputKey: string, inputPrefix: string, outputPrefix: string): string {
  const rest =
    inputKey === inputPrefix
      ? inputKey.slice(inputKey.lastIndexOf('/') + 1)
      : inputKey.slice(inputPrefix.length).replace(/^\/+/, '');
  const folder = outputPrefix.replace(/\/+$/, '');
  return folder === '' ? `${rest}.out` : `${folder}/${rest}.out`;
}
