"""Claims about code: what numpy, TensorFlow and Keras do when they are called as the posts call them."""
