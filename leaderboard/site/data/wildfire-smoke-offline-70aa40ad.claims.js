Frugal.addClaims('{"board":"wildfire-smoke-offline-70aa40ad","claims":{}}');
