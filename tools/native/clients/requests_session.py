# SPDX-License-Identifier: Apache-2.0
"""A client of Python requests that knows nothing of meshes: requests_session.py REQUESTS"""
import json
import sys

import requests

session = requests.Session()
for request in json.loads(sys.argv[1]):
    body = "anything" if request["method"] == "POST" else None
    try:
        response = session.request(
            request["method"], request["url"], headers=request["headers"], data=body, timeout=60
        )
        told = {"status": response.status_code, "body": response.text}
    except requests.RequestException as error:
        told = {"error": str(error)}
    print(json.dumps(told))
