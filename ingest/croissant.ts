import type { DataKind } from './types';

/** Where rows come from, as whoever has them says. */
export interface Provenance {
  readonly name: string;
  /** Where the rows were taken from: an address or a sentence. */
  readonly source: string;
  /** A licence's SPDX name or address. */
  readonly licence: string;
  /** Who annotated: people, a model, a program. */
  readonly annotator: string;
  /** The model that annotated, where one did. */
  readonly model?: string;
  /** SHA-256 of the prompt template that it was given. */
  readonly promptTemplateSha256?: string;
  /** US dollars a row. */
  readonly usdPerRow?: number;
}

const context = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  extract: 'cr:extract',
  field: 'cr:field',
  fileObject: 'cr:fileObject',
  recordSet: 'cr:recordSet',
  sc: 'https://schema.org/',
  source: 'cr:source',
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
  thumbs: [
    ['id', 'sc:Text'],
    ['prompt', 'sc:Text'],
    ['completion', 'sc:Text'],
    ['liked', 'sc:Boolean'],
  ],
};

/**
 * Croissant 1.0 metadata (MLCommons) of one file of rows: where it is from, under which licence, who annotated it and for
 * how much, its fields and its digest. The same input gives the same text: it holds no time.
 */
export function describeDataset(
  provenance: Provenance,
  file: { readonly name: string; readonly sha256: string; readonly bytes: number; readonly kind: DataKind },
): object {
  const { name, source, licence, annotator, model, promptTemplateSha256, usdPerRow } = provenance;
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
    license: licence,
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
