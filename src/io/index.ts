// wgrad/io: file formats.
export * from './npy.js';
export * from './safetensors.js';
