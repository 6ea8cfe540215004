import { describeOptions } from '../../core/option-table.ts';
import { transformOptions } from './transform-options.ts';

export function transformHelp(columns: number): string {
  return `millrace transform: one inference per record of a data set, in order

Usage
  millrace transform --model MODEL --input WHERE --output WHERE [options]

Examples
  An ONNX model over a folder of CSV files:
    millrace transform --model model.onnx --input data/ --output results/
  A model server of your own, eight requests at once:
    millrace transform --model model/ --serve 'python3 server.py' --max-concurrent-transforms 8 --input data/ --output results/
  A server that is already running, data in S3, a summary for programs:
    millrace transform --model http://localhost:8080 --input s3://bucket/in --output s3://bucket/out --json

Options
${describeOptions(transformOptions, Math.min(columns, 100))}

Exit status
  0 all objects done; 1 some failed (the results of the others are there); 2 wrong usage or nothing to do, told before
  anything is started; 130 after Ctrl-C.
`;
}
