import { Writer } from 'protobufjs/minimal';
import { narrow, type HalfType } from './half';
import type { ConstantData, DType, Shape } from './primitives';

/** The messages of onnx.proto3 that a lowered graph needs. */

/** A range of a file outside of the model, under ONNX's external data keys. */
export interface ExternalData {
  /** File name. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** The elements of a constant. 16-bit floats are held as f32 and narrowed when they are written. */
export interface TensorContent {
  readonly dtype: DType | HalfType;
  readonly data: ConstantData;
}

export interface TensorProto extends TensorContent {
  readonly name: string;
  readonly shape: Shape;
  /** Where the data is stored outside of the model. A protobuf message may have at most 2 GiB. */
  readonly externalData?: ExternalData;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly dtype: DType | HalfType;
  /** null: unknown. A dynamic size has a name. */
  readonly shape: readonly (number | string)[] | null;
}

export type AttributeValue =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: TensorProto }
  | { readonly kind: 'graph'; readonly value: GraphProto };

export interface NodeProto {
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface GraphProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  /** Types of intermediate values that ONNX Runtime cannot infer. It shares buffers only between known shapes. */
  readonly valueInfo: readonly ValueInfoProto[];
}

/** TensorProto.DataType. */
const elementTypes: Readonly<Record<DType | HalfType, number>> = {
  f32: 1,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  bf16: 16,
};

/** AttributeProto.AttributeType and the number of the field with the value. */
const attributeTypes = {
  float: { type: 1, field: 2 },
  int: { type: 2, field: 3 },
  string: { type: 3, field: 4 },
  tensor: { type: 4, field: 5 },
  graph: { type: 5, field: 6 },
  ints: { type: 7, field: 8 },
} as const;

const isNarrow = (dtype: DType | HalfType): dtype is HalfType => dtype === 'f16' || dtype === 'bf16';

/** Length of an encoded constant in bytes. */
export const encodedLength = ({ dtype, data }: TensorContent): number =>
  isNarrow(dtype) ? data.length * 2 : data.byteLength;

/** The encoded bytes of a constant. */
export function encodedBytes({ dtype, data }: TensorContent): Uint8Array {
  const elements = isNarrow(dtype) ? narrow(data as Float32Array, dtype) : data;
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}

const varint = 0;
const fixed32 = 5;
const lengthDelimited = 2;

function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

function message(writer: Writer, field: number, write: (inner: Writer) => void): void {
  writer.uint32(tag(field, lengthDelimited)).fork();
  write(writer);
  writer.ldelim();
}

function text(writer: Writer, field: number, value: string): void {
  writer.uint32(tag(field, lengthDelimited)).string(value);
}

function integer(writer: Writer, field: number, value: number): void {
  writer.uint32(tag(field, varint)).int64(value);
}

/** TensorProto.DataLocation.EXTERNAL. */
const external = 1;

/** TensorProto.external_data, as StringStringEntryProto, and data_location. */
function writeExternalData(writer: Writer, data: ExternalData): void {
  for (const [key, value] of Object.entries(data))
    message(writer, 13, (entry) => {
      text(entry, 1, key);
      text(entry, 2, String(value));
    });
  integer(writer, 14, external);
}

function writeTensor(writer: Writer, tensor: TensorProto): void {
  for (const size of tensor.shape) integer(writer, 1, size);
  integer(writer, 2, elementTypes[tensor.dtype]);
  text(writer, 8, tensor.name);
  if (tensor.externalData !== undefined) {
    writeExternalData(writer, tensor.externalData);
    return;
  }
  writer.uint32(tag(9, lengthDelimited)).bytes(encodedBytes(tensor));
}

function writeAttribute(writer: Writer, name: string, attribute: AttributeValue): void {
  const { type, field } = attributeTypes[attribute.kind];
  text(writer, 1, name);
  integer(writer, 20, type);
  if (attribute.kind === 'float') writer.uint32(tag(field, fixed32)).float(attribute.value);
  else if (attribute.kind === 'int') integer(writer, field, attribute.value);
  else if (attribute.kind === 'string') text(writer, field, attribute.value);
  else if (attribute.kind === 'ints') for (const value of attribute.value) integer(writer, field, value);
  else if (attribute.kind === 'tensor')
    message(writer, field, (inner) => writeTensor(inner, attribute.value));
  else message(writer, field, (inner) => writeGraph(inner, attribute.value));
}

function writeNode(writer: Writer, node: NodeProto): void {
  for (const name of node.inputs) text(writer, 1, name);
  for (const name of node.outputs) text(writer, 2, name);
  text(writer, 4, node.opType);
  for (const [name, attribute] of Object.entries(node.attributes))
    message(writer, 5, (inner) => writeAttribute(inner, name, attribute));
  if (node.domain !== '') text(writer, 7, node.domain);
}

function writeShape(writer: Writer, shape: readonly (number | string)[]): void {
  for (const size of shape)
    message(writer, 1, (dimension) => {
      if (typeof size === 'string') text(dimension, 2, size);
      else integer(dimension, 1, size);
    });
}

function writeValueInfo(writer: Writer, info: ValueInfoProto): void {
  text(writer, 1, info.name);
  message(writer, 2, (type) => {
    message(type, 1, (tensor) => {
      integer(tensor, 1, elementTypes[info.dtype]);
      const { shape } = info;
      if (shape !== null) message(tensor, 2, (inner) => writeShape(inner, shape));
    });
  });
}

function writeGraph(writer: Writer, graph: GraphProto): void {
  for (const node of graph.nodes) message(writer, 1, (inner) => writeNode(inner, node));
  text(writer, 2, graph.name);
  for (const tensor of graph.initializers) message(writer, 5, (inner) => writeTensor(inner, tensor));
  for (const info of graph.inputs) message(writer, 11, (inner) => writeValueInfo(inner, info));
  for (const info of graph.outputs) message(writer, 12, (inner) => writeValueInfo(inner, info));
  for (const info of graph.valueInfo) message(writer, 13, (inner) => writeValueInfo(inner, info));
}

/** Encodes a ModelProto of IR version 9 with the given opset version of each domain. */
export function encodeModel(graph: GraphProto, opsets: Readonly<Record<string, number>>): Uint8Array {
  const writer = Writer.create();
  integer(writer, 1, 9);
  text(writer, 2, 'budgetline');
  message(writer, 7, (inner) => writeGraph(inner, graph));
  for (const [domain, version] of Object.entries(opsets))
    message(writer, 8, (inner) => {
      text(inner, 1, domain);
      integer(inner, 2, version);
    });
  return writer.finish();
}
