import type { Provenance } from '../contracts/provenance';
import type { DataKind } from './types';

/** A dataset's name and provenance. */
export interface NamedProvenance extends Provenance {
  readonly name: string;
}

/** Terms of the standard context. */
const terms = (
  'citeAs column extract field fileProperty fileObject fileSet format includes isLiveDataset jsonPath key md5 ' +
  'parentField path recordSet references regex repeated replace samplingRate separator source subField transform equivalentProperty'
).split(' ');

/** The context of the standard's own examples; readers warn about any other. */
const context = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  ...Object.fromEntries(terms.map((term) => [term, `cr:${term}`])),
  conformsTo: 'dct:conformsTo',
  cr: 'http://mlcommons.org/croissant/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  rai: 'http://mlcommons.org/croissant/RAI/',
  sc: 'https://schema.org/',
};

const fieldsOf: Readonly<Record<DataKind, readonly (readonly [name: string, type: string])[]>> = {
  demonstrations: [
    ['id', 'sc:Text'],
    ['prompt', 'sc:Text'],
    ['completion', 'sc:Text'],
  ],
  preferences: [
    ['id', 'sc:Text'],
    ['prompt', 'sc:Text'],
    ['chosen', 'sc:Text'],
    ['rejected', 'sc:Text'],
  ],
  unpaired: [
    ['id', 'sc:Text'],
    ['prompt', 'sc:Text'],
    ['completion', 'sc:Text'],
    ['label', 'sc:Boolean'],
  ],
};

/**
 * Croissant 1.0 metadata (MLCommons) of one file of rows: source, license, annotator, price, fields and digest. It holds
 * no time, so the same input gives the same text.
 */
export function describeDataset(
  provenance: NamedProvenance,
  file: { readonly name: string; readonly sha256: string; readonly bytes: number; readonly kind: DataKind },
): Record<string, unknown> {
  const { name, source, license, annotator, model, promptTemplateSha256, usdPerRow } = provenance;
  const made = [
    `Annotated by ${annotator}${model === undefined ? '' : `, model ${model}`}.`,
    ...(promptTemplateSha256 === undefined ? [] : [`Prompt template SHA-256 ${promptTemplateSha256}.`]),
    ...(usdPerRow === undefined ? [] : [`$${usdPerRow} a row.`]),
  ];
  return {
    '@context': context,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name,
    description: `Rows of ${file.kind} from ${source}. ${made.join(' ')}`,
    license: license,
    url: source,
    isBasedOn: source,
    'rai:annotationsPerItem': '1',
    'rai:dataAnnotationProtocol': made.join(' '),
    distribution: [
      {
        '@type': 'cr:FileObject',
        '@id': file.name,
        name: file.name,
        contentUrl: file.name,
        contentSize: `${file.bytes} B`,
        encodingFormat: 'application/jsonlines',
        sha256: file.sha256,
      },
    ],
    recordSet: [
      {
        '@type': 'cr:RecordSet',
        '@id': 'rows',
        name: 'rows',
        field: fieldsOf[file.kind].map(([field, dataType]) => ({
          '@type': 'cr:Field',
          '@id': `rows/${field}`,
          name: field,
          dataType,
          source: { fileObject: { '@id': file.name }, extract: { column: field } },
        })),
      },
    ],
  };
}
