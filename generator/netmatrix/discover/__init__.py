"""What a cluster says about itself, as an override of the chart's values: objects in, facts and questions out.

Pure: the cluster is read elsewhere. It knows Kubernetes, its plugins and its platforms; of the application, the matrix.
"""
