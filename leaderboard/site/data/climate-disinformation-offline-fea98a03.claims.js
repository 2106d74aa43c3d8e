Frugal.addClaims('{"board":"climate-disinformation-offline-fea98a03","claims":{"0":[4,1,1]}}');
