/**
 * File formats, read without trust and written.
 * @module wgrad/io
 */
export * from './npy.js';
export * from './safetensors.js';
