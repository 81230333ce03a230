// wgrad/io: file formats.
export * from './safetensors.js';
