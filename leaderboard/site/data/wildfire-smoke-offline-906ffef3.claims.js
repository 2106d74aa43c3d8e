Frugal.addClaims('{"board":"wildfire-smoke-offline-906ffef3","claims":{}}');
