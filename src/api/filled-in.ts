import type { TransformRequest } from './transform-definition.ts';

/** A job's request with what the original fills in when it shows it (api.md, observed shapes). */
export function filledIn(request: TransformRequest): TransformRequest {
  const { TransformInput, TransformOutput, DataProcessing } = request;
  return {
    ...request,
    TransformInput: { CompressionType: 'None', SplitType: 'None', ...TransformInput },
    TransformOutput: { AssembleWith: 'None', KmsKeyId: '', ...TransformOutput },
    DataProcessing: { InputFilter: '$', OutputFilter: '$', JoinSource: 'None', ...DataProcessing },
  };
}
