"""Model bundles, ONNX sessions, classifier, segmenter, detector, explanations."""
